// Methods evaluated on the datasets and used for the tasks of a method; rare ones count more.
// param method: Method, such as "BERT"
// param limit: int = 20
MATCH (m:Method {name: $method})-[:EVALUATED_ON|TRAINED_ON|USED_FOR]->(x:Dataset|Task)<-[:EVALUATED_ON|TRAINED_ON|USED_FOR]-(other:Method)
WHERE other.id <> m.id
WITH DISTINCT other, x
RETURN other.name AS method, count(x.id) AS shared, round(sum(1.0 / x.papers), 3) AS weight
ORDER BY weight DESC, shared DESC, method
LIMIT $limit
