// Papers that propose a method or dataset, the earliest first.
// param name: Entity, such as "ResNet"
// param limit: int = 20
MATCH (p:Paper)-[r:PROPOSES]->(e:Method|Dataset|Task)
WHERE e.name = $name
RETURN p.title AS paper, p.year AS year, labels(e)[0] AS kind, r.score AS score, p.authors AS authors
ORDER BY year, score DESC, paper
LIMIT $limit
