// The tasks in most papers.
// param limit: int = 20
MATCH (e:Task)
RETURN e.name AS task, e.papers AS papers, e.first_year AS first_year, e.last_year AS last_year
ORDER BY papers DESC, task
LIMIT $limit
