// The methods in most papers.
// param limit: int = 20
MATCH (e:Method)
RETURN e.name AS method, e.papers AS papers, e.first_year AS first_year, e.last_year AS last_year
ORDER BY papers DESC, method
LIMIT $limit
