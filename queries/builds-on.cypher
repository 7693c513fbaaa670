// Methods that a method builds on, directly or through others, nearest first.
// param method: Method, such as "BERT"
// param limit: int = 20
MATCH path = (m:Method {name: $method})-[:BASED_ON*1..3]->(ancestor:Method)
WHERE ancestor.id <> m.id
RETURN ancestor.name AS method, min(length(path)) AS steps, ancestor.papers AS papers
ORDER BY steps, papers DESC, method
LIMIT $limit
