// What a method is based on, link by link up to four steps back, with the year each is first spoken of.
// param method: Method, such as "BERT"
// param limit: int = 50
MATCH (:Method {name: $method})-[:BASED_ON*0..3]->(a:Method)-[r:BASED_ON]->(b:Method)
WHERE a.id <> b.id
WITH DISTINCT a, b, r.papers AS support
RETURN a.name AS method, a.first_year AS year, b.name AS based_on, b.first_year AS its_year, support AS papers
ORDER BY year DESC, method, papers DESC, based_on
LIMIT $limit
