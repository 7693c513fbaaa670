// Datasets nobody tried a method on, although methods it was compared with, builds on or varies were tried there.
// param method: Method, such as "ResNet"
// param limit: int = 20
MATCH (m:Method {name: $method})-[:COMPARED_WITH|BASED_ON|VARIANT_OF]-(relative:Method)
WHERE relative.id <> m.id
WITH DISTINCT m, relative
MATCH (relative)-[:EVALUATED_ON]->(tried:Dataset)
WITH m, tried, count(*) AS relatives
WHERE NOT EXISTS { MATCH (m)-[:EVALUATED_ON|TRAINED_ON]->(tried) }
// Names are read only here, once for each dataset: above, at each link, they would take half of the time.
MATCH (d:Dataset)
WHERE elementId(d) = elementId(tried)
RETURN d.name AS dataset, relatives, d.papers AS papers
ORDER BY relatives DESC, papers DESC, dataset
LIMIT $limit
