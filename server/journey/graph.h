// A picture of the plans, for Graphviz, drawn from the tables that Advance() reads.
//
// Pure and thread-safe.
#ifndef ILKIMZA_SERVER_JOURNEY_GRAPH_H_
#define ILKIMZA_SERVER_JOURNEY_GRAPH_H_

#include <string>

#include "ilkimza/v1/journey.pb.h"
#include "server/journey/policy.h"

namespace ilkimza::server {

// The plan of `goal` in the DOT language: steps coloured by whose turn it is, solid
// arrows for what follows what, dashed ones for where a journey goes back to.
//
//   ilkimza-server --print-plan GET_PIN | dot -Tsvg > plan.svg
std::string PlanGraph(v1::Goal goal, const Policy& policy);

}  // namespace ilkimza::server

#endif  // ILKIMZA_SERVER_JOURNEY_GRAPH_H_
