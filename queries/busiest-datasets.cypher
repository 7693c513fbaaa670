// Datasets that most methods are evaluated on.
// param limit: int = 20
MATCH (m:Method)-[e:EVALUATED_ON]->(d:Dataset)
RETURN d.name AS dataset, count(m.id) AS methods, sum(e.papers) AS support
ORDER BY methods DESC, support DESC, dataset
LIMIT $limit
