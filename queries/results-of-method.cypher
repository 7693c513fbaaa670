// Results reported for a method, by dataset and metric.
// param method: Method, such as "ResNet"
// param limit: int = 50
MATCH (p:Paper)-[:REPORTS]->(r:Result)-[:OF_METHOD]->(:Method {name: $method})
OPTIONAL MATCH (r)-[:ON_DATASET]->(d:Dataset)
RETURN d.name AS dataset, r.metric AS metric, r.value AS value, r.unit AS unit, r.kind AS kind, p.title AS paper, p.year AS year
ORDER BY dataset, metric, value DESC, paper
LIMIT $limit
