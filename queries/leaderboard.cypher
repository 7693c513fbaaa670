// Results reported on a dataset, by metric, highest value first.
// param dataset: Dataset, such as "ImageNet"
// param metric: str = ""
// param limit: int = 50
MATCH (p:Paper)-[:REPORTS]->(r:Result)-[:ON_DATASET]->(:Dataset {name: $dataset})
WHERE r.kind = 'absolute' AND ($metric = '' OR toLower(r.metric) CONTAINS toLower($metric))
OPTIONAL MATCH (r)-[:OF_METHOD]->(m:Method)
RETURN r.metric AS metric, r.value AS value, r.unit AS unit, m.name AS method, p.title AS paper, p.year AS year
ORDER BY metric, value DESC, method, paper
LIMIT $limit
