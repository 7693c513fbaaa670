// Datasets that appear in the same papers as a dataset, most often first.
// param dataset: Dataset, such as "CIFAR-10"
// param limit: int = 20
MATCH (d:Dataset {name: $dataset})<-[:EVALUATES_ON|TRAINS_ON|USES|PROPOSES]-(p:Paper)
MATCH (p)-[:EVALUATES_ON|TRAINS_ON|USES|PROPOSES]->(other:Dataset)
WHERE other.id <> d.id
RETURN other.name AS dataset, count(DISTINCT p.id) AS papers
ORDER BY papers DESC, dataset
LIMIT $limit
