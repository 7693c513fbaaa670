// Methods that a method is compared with, in either direction, and how often.
// param method: Method, such as "ResNet"
// param limit: int = 20
MATCH (m:Method {name: $method})-[c:COMPARED_WITH]-(other:Method)
WHERE other.id <> m.id
RETURN other.name AS other, sum(c.papers) AS papers, min(c.first_year) AS first_year, max(c.last_year) AS last_year
ORDER BY papers DESC, other
LIMIT $limit
