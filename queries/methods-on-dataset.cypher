// Methods evaluated on a dataset, those that most papers say so of first.
// param dataset: Dataset, such as "CIFAR-10"
// param limit: int = 20
MATCH (m:Method)-[e:EVALUATED_ON]->(:Dataset {name: $dataset})
RETURN m.name AS method, e.papers AS papers, e.mentions AS mentions, e.first_year AS first_year, e.last_year AS last_year
ORDER BY papers DESC, mentions DESC, method
LIMIT $limit
