// The family of a method or dataset: what it is a variant of, and its variants.
// param name: Entity, such as "ResNet"
// param limit: int = 50
MATCH path = (e:Method|Dataset)-[:VARIANT_OF*1..3]->(relative:Method|Dataset)
WHERE e.name = $name
RETURN 'variant of' AS relation, relative.name AS name, length(path) AS steps, relative.papers AS papers
ORDER BY steps, papers DESC, name
LIMIT $limit
UNION ALL
MATCH path = (e:Method|Dataset)<-[:VARIANT_OF*1..3]-(relative:Method|Dataset)
WHERE e.name = $name
RETURN 'has variant' AS relation, relative.name AS name, length(path) AS steps, relative.papers AS papers
ORDER BY steps, papers DESC, name
LIMIT $limit
