// Pairs of methods that are compared in both directions, the most papers first: where papers may disagree.
// param limit: int = 20
MATCH (a:Method)-[x:COMPARED_WITH]->(b:Method), (b)-[y:COMPARED_WITH]->(a)
WHERE a.id < b.id
RETURN a.name AS method, b.name AS other, x.papers AS one_way, y.papers AS other_way
ORDER BY one_way + other_way DESC, method, other
LIMIT $limit
