// The datasets in most papers.
// param limit: int = 20
MATCH (e:Dataset)
RETURN e.name AS dataset, e.papers AS papers, e.first_year AS first_year, e.last_year AS last_year
ORDER BY papers DESC, dataset
LIMIT $limit
