// Datasets nobody tried a method on, although methods it was compared with, builds on or varies were tried there.
// param method: Method, such as "ResNet"
// param limit: int = 20
MATCH (m:Method {name: $method})-[:COMPARED_WITH|BASED_ON|VARIANT_OF]-(relative:Method)
WHERE relative.id <> m.id
WITH DISTINCT m, relative
MATCH (relative)-[:EVALUATED_ON]->(d:Dataset)
WITH m, d, count(relative.id) AS relatives
WHERE NOT EXISTS { MATCH (m)-[:EVALUATED_ON|TRAINED_ON]->(d) }
RETURN d.name AS dataset, relatives, d.papers AS papers
ORDER BY relatives DESC, papers DESC, dataset
LIMIT $limit
