// Papers that speak of a method, dataset or task, with its role there, newest first.
// param name: Entity, such as "CIFAR-10"
// param limit: int = 50
MATCH (p:Paper)-[r:PROPOSES|USES|COMPARES|EVALUATES_ON|TRAINS_ON|ADDRESSES|MENTIONS]->(e:Method|Dataset|Task)
WHERE e.name = $name
RETURN coalesce(p.year, 0) AS year, p.title AS paper, type(r) AS role, p.url AS url
ORDER BY year DESC, paper, role
LIMIT $limit
