// Methods that build on a method, directly or through others, nearest first.
// param method: Method, such as "Transformer"
// param limit: int = 20
MATCH path = shortestPath((m:Method {name: $method})<-[:BASED_ON*..3]-(heir:Method))
WHERE heir.id <> m.id
RETURN heir.name AS method, length(path) AS steps, heir.papers AS papers
ORDER BY steps, papers DESC, method
LIMIT $limit
