// Datasets and benchmarks that test a task, the best supported first.
// param task: Task, such as "Image Classification"
// param limit: int = 20
MATCH (d:Dataset)-[r:BENCHMARK_FOR]->(:Task {name: $task})
RETURN d.name AS dataset, d.benchmark AS benchmark, r.papers AS papers, d.papers AS papers_of_dataset
ORDER BY papers DESC, papers_of_dataset DESC, dataset
LIMIT $limit
