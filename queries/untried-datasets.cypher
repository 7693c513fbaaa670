// Datasets nobody tried a method on, although methods it was compared with, builds on or varies were tried there.
// param method: Method, such as "ResNet"
// param limit: int = 20
MATCH (m:Method {name: $method})
OPTIONAL MATCH (m)-[:EVALUATED_ON|TRAINED_ON]->(known:Dataset)
WITH m, collect(known.id) AS tried
MATCH (m)-[:COMPARED_WITH|BASED_ON|VARIANT_OF]-(relative:Method)-[:EVALUATED_ON]->(d:Dataset)
WHERE relative.id <> m.id AND NOT d.id IN tried
WITH d, count(DISTINCT relative.id) AS relatives
RETURN d.name AS dataset, relatives, d.papers AS papers
ORDER BY relatives DESC, papers DESC, dataset
LIMIT $limit
