// Datasets that a method is trained or evaluated on, the best supported first.
// param method: Method, such as "ResNet"
// param limit: int = 20
MATCH (:Method {name: $method})-[e:EVALUATED_ON|TRAINED_ON]->(d:Dataset)
RETURN d.name AS dataset, type(e) AS relation, e.papers AS papers, e.first_year AS first_year, e.last_year AS last_year
ORDER BY papers DESC, dataset, relation
LIMIT $limit
