// Everything that a method, dataset or task is linked to.
// param name: Entity, such as "ResNet"
// param limit: int = 50
MATCH (e:Method|Dataset|Task)-[r:EVALUATED_ON|TRAINED_ON|COMPARED_WITH|BASED_ON|USED_FOR|BENCHMARK_FOR|VARIANT_OF]-(other:Method|Dataset|Task)
WHERE e.name = $name
RETURN type(r) AS relation, labels(other)[0] AS kind, other.name AS name, coalesce(r.papers, 0) AS papers
ORDER BY papers DESC, relation, name, kind
LIMIT $limit
