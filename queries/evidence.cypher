// The sentences that say how two things are linked, with the paper of each.
// param from: Entity, such as "ResNet"
// param to: Entity, such as "CIFAR-10"
// param limit: int = 50
MATCH (a:Method|Dataset|Task)-[r:EVALUATED_ON|TRAINED_ON|COMPARED_WITH|BASED_ON|USED_FOR|BENCHMARK_FOR]-(b:Method|Dataset|Task)
WHERE a.name = $from AND b.name = $to
UNWIND range(0, size(r.evidence_sentences) - 1) AS i
WITH type(r) AS relation, r.papers AS papers, r.evidence_papers[i] AS id, r.evidence_sentences[i] AS sentence
MATCH (p:Paper {id: id})
RETURN relation, papers, sentence, p.title AS paper, p.year AS year
ORDER BY relation, papers DESC, year, paper, sentence
LIMIT $limit
