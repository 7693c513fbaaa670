// Methods nobody tried on a dataset, although they were evaluated on datasets for the same task or of the same family.
// param dataset: Dataset, such as "CIFAR-10"
// param limit: int = 20
MATCH (d:Dataset {name: $dataset})-[:BENCHMARK_FOR|VARIANT_OF]->(x:Task|Dataset)<-[:BENCHMARK_FOR|VARIANT_OF]-(sibling:Dataset)
WHERE sibling.id <> d.id
WITH DISTINCT d, sibling
MATCH (m:Method)-[e:EVALUATED_ON]->(sibling)
WHERE NOT EXISTS { MATCH (m)-[:EVALUATED_ON|TRAINED_ON]->(d) }
RETURN m.name AS method, count(sibling.id) AS siblings, sum(e.papers) AS support
ORDER BY support DESC, siblings DESC, method
LIMIT $limit
