// The portal that is meant where nobody names one. The only place that does.
#ifndef ILKIMZA_PORTAL_DEFAULT_PROFILE_H_
#define ILKIMZA_PORTAL_DEFAULT_PROFILE_H_

namespace ilkimza::portal {

inline constexpr char kDefaultProfile[] = "kamusm";

}  // namespace ilkimza::portal

#endif  // ILKIMZA_PORTAL_DEFAULT_PROFILE_H_
