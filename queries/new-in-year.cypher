// Methods, datasets and tasks that first appear in a year.
// param year: int = 2020
// param limit: int = 50
MATCH (e:Method|Dataset|Task)
WHERE e.first_year = $year
RETURN labels(e)[0] AS kind, e.name AS name, e.papers AS papers
ORDER BY papers DESC, kind, name
LIMIT $limit
