// Papers with other numbers than the lowest or highest for a method, dataset and metric, the widest apart first.
// param limit: int = 20
MATCH (p:Paper)-[:REPORTS]->(x:Result)-[:OF_METHOD]->(m:Method), (x)-[:ON_DATASET]->(d:Dataset)
WHERE x.kind = 'absolute' AND x.metric IS NOT NULL AND x.unit IS NOT NULL
// All pairs would be too many for names that hundreds of papers report.
WITH m, d, toLower(x.metric) AS measure, x.unit AS unit, min(x.value) AS lowest, max(x.value) AS highest,
     count(DISTINCT p.id) AS papers
WHERE lowest < highest AND papers > 1
WITH m, d, measure, unit, lowest, highest
ORDER BY highest - lowest DESC, m.name, d.name, measure, unit
LIMIT $limit
MATCH (p:Paper)-[:REPORTS]->(x:Result)-[:OF_METHOD]->(m), (x)-[:ON_DATASET]->(d)
WHERE x.kind = 'absolute' AND toLower(x.metric) = measure AND x.unit = unit
MATCH (q:Paper)-[:REPORTS]->(y:Result)-[:OF_METHOD]->(m), (y)-[:ON_DATASET]->(d)
WHERE y.kind = 'absolute' AND toLower(y.metric) = measure AND y.unit = unit
      AND p.id <> q.id AND x.value < y.value AND (x.value = lowest OR y.value = highest)
RETURN m.name AS method, d.name AS dataset, x.metric AS metric, unit,
       x.value AS lower, p.title AS paper, y.value AS higher, q.title AS other
ORDER BY higher - lower DESC, method, dataset, metric, lower, paper, other
LIMIT $limit
