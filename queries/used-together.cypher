// Methods that appear in the same papers as a method, most often first.
// param method: Method, such as "ResNet"
// param limit: int = 20
MATCH (m:Method {name: $method})<-[:PROPOSES|USES|COMPARES]-(p:Paper)-[:PROPOSES|USES|COMPARES]->(other:Method)
WHERE other.id <> m.id
RETURN other.name AS method, count(DISTINCT p.id) AS papers
ORDER BY papers DESC, method
LIMIT $limit
