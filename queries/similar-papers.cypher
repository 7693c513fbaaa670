// Papers that speak of the same methods, datasets and tasks as a paper; rare ones count more.
// param paper: Paper, such as "Deep Residual Learning for Image Recognition"
// param limit: int = 20
MATCH (p:Paper {id: $paper})-[]->(e:Method|Dataset|Task)<-[]-(other:Paper)
WHERE other.id <> p.id
WITH DISTINCT other, e
RETURN other.title AS paper, other.year AS year, count(e.id) AS shared, round(sum(1.0 / e.papers), 3) AS weight
ORDER BY weight DESC, shared DESC, paper
LIMIT $limit
