// Methods trained on one dataset and evaluated on another.
// param trained: Dataset, such as "ImageNet"
// param limit: int = 20
MATCH (d:Dataset {name: $trained})<-[t:TRAINED_ON]-(m:Method)-[e:EVALUATED_ON]->(other:Dataset)
WHERE other.id <> d.id
RETURN m.name AS method, other.name AS evaluated_on, e.papers AS papers
ORDER BY papers DESC, method, evaluated_on
LIMIT $limit
