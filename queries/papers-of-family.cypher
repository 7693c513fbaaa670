// Papers per year that speak of a method or dataset or of any variant of it; one that names several counts once.
// param name: Entity, such as "ResNet"
MATCH (e:Method|Dataset)-[:VARIANT_OF*0..3]->(root:Method|Dataset)
WHERE root.name = $name
MATCH (p:Paper)-[]->(e)
WHERE p.year IS NOT NULL
RETURN p.year AS year, count(DISTINCT p.id) AS papers, count(DISTINCT e.id) AS variants
ORDER BY year
