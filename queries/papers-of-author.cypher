// Papers of an author, with what they propose, newest first.
// param author: Author, such as "Kaiming He"
// param limit: int = 50
MATCH (:Author {name: $author})-[:WROTE]->(p:Paper)
OPTIONAL MATCH (p)-[:PROPOSES]->(e:Method|Dataset|Task)
WITH p, e ORDER BY e.name
WITH p, collect(e.name) AS proposes
RETURN coalesce(p.year, 0) AS year, p.title AS paper, p.venue AS venue, proposes
ORDER BY year DESC, paper
LIMIT $limit
