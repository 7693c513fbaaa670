// Methods that a method builds on, directly or through others, nearest first.
// param method: Method, such as "BERT"
// param limit: int = 20
MATCH path = shortestPath((m:Method {name: $method})-[:BASED_ON*..3]->(ancestor:Method))
WHERE ancestor.id <> m.id
RETURN ancestor.name AS method, length(path) AS steps, ancestor.papers AS papers
ORDER BY steps, papers DESC, method
LIMIT $limit
