// How two methods, datasets or tasks hang together: the shortest chains of links between them.
// param from: Entity, such as "ResNet"
// param to: Entity, such as "BERT"
// param limit: int = 5
MATCH (a:Method|Dataset|Task), (b:Method|Dataset|Task)
WHERE a.name = $from AND b.name = $to AND a.id <> b.id
MATCH path = allShortestPaths((a)-[:EVALUATED_ON|TRAINED_ON|COMPARED_WITH|BASED_ON|USED_FOR|BENCHMARK_FOR|VARIANT_OF*..6]-(b))
WITH length(path) AS steps,
     reduce(chain = '', name IN [n IN nodes(path) | n.name] | chain + ' > ' + name) AS names,
     reduce(chain = '', link IN [r IN relationships(path) | type(r)] | chain + ' > ' + link) AS links
RETURN DISTINCT steps, substring(names, 3) AS path, substring(links, 3) AS links
ORDER BY steps, path, links
LIMIT $limit
