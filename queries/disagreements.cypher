// Methods with different results on one dataset and metric, the widest apart first.
// param limit: int = 20
MATCH (m:Method)<-[:OF_METHOD]-(r:Result)-[:ON_DATASET]->(d:Dataset)
WHERE r.kind = 'absolute'
WITH m.name AS method, d.name AS dataset, r.metric AS metric, r.unit AS unit,
     min(r.value) AS lowest, max(r.value) AS highest, count(*) AS results
WHERE lowest < highest
RETURN method, dataset, metric, unit, lowest, highest, results
ORDER BY highest - lowest DESC, method, dataset, metric, unit
LIMIT $limit
