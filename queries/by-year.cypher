// Papers a year that speak of a method, dataset or task.
// param name: Entity, such as "ImageNet"
MATCH (p:Paper)-[:PROPOSES|USES|COMPARES|EVALUATES_ON|TRAINS_ON|ADDRESSES|MENTIONS]->(e:Method|Dataset|Task)
WHERE e.name = $name AND p.year IS NOT NULL
RETURN p.year AS year, labels(e)[0] AS kind, count(DISTINCT p.id) AS papers
ORDER BY year, kind
