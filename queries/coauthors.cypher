// Authors who wrote papers with an author, most papers first.
// param author: Author, such as "Kaiming He"
// param limit: int = 20
MATCH (a:Author {name: $author})-[:WROTE]->(p:Paper)<-[:WROTE]-(other:Author)
WHERE other.id <> a.id
RETURN other.name AS author, count(p.id) AS papers
ORDER BY papers DESC, author
LIMIT $limit
