// Methods used for a task, the best supported first.
// param task: Task, such as "Image Classification"
// param limit: int = 20
MATCH (m:Method)-[r:USED_FOR]->(:Task {name: $task})
RETURN m.name AS method, r.papers AS papers, r.first_year AS first_year, r.last_year AS last_year
ORDER BY papers DESC, method
LIMIT $limit
