// Two papers with different numbers for one method, dataset and metric, the widest apart first; see kg conflicts.
// param limit: int = 20
MATCH (p:Paper)-[:REPORTS]->(x:Result)-[:OF_METHOD]->(m:Method), (x)-[:ON_DATASET]->(d:Dataset)
MATCH (q:Paper)-[:REPORTS]->(y:Result)-[:OF_METHOD]->(m), (y)-[:ON_DATASET]->(d)
WHERE p.id <> q.id AND x.value < y.value AND toLower(x.metric) = toLower(y.metric) AND x.unit = y.unit
      AND x.kind = 'absolute' AND y.kind = 'absolute'
RETURN m.name AS method, d.name AS dataset, x.metric AS metric, x.unit AS unit,
       x.value AS lower, p.title AS paper, y.value AS higher, q.title AS other
ORDER BY higher - lower DESC, method, dataset, metric, lower, paper, other
LIMIT $limit
