// What a paper does with each method, dataset and task, with the sentence that says so.
// param paper: Paper, such as "Deep Residual Learning for Image Recognition"
// param limit: int = 100
MATCH (:Paper {id: $paper})-[r:PROPOSES|USES|COMPARES|EVALUATES_ON|TRAINS_ON|ADDRESSES|MENTIONS]->(e:Method|Dataset|Task)
RETURN type(r) AS role, labels(e)[0] AS kind, e.name AS name, r.score AS score, r.evidence_sentences[0] AS sentence
ORDER BY role, kind, name
LIMIT $limit
