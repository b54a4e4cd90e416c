# Calibrated estimates and their standard errors by R's package survey (Lumley 2004): the oracle of
# test_calibration_against_r.py.
#
#   Rscript calibration.R SAMPLE OUT     SAMPLE: calibration_sample.csv. OUT: folder for figures.csv and, of the package's
#                                        own data set api, the samples and the margins of its population.
suppressMessages(library(survey))
options(digits = 17)
given <- commandArgs(trailingOnly = TRUE)
out <- given[2]
found <- list()

tell <- function(sample, method, design, variable, by) {
  add <- function(figure, domain, estimated)
    found[[length(found) + 1]] <<- data.frame(
      sample, method, figure, domain, estimate = as.numeric(coef(estimated)), se = as.numeric(SE(estimated)))
  groups <- sort(unique(as.character(design$variables[[by]])))[1:2]
  add("MEAN_GAP", "_T", difference(design, design$variables[[variable$y]], by, groups))
  add("SHARE_GAP", "_T", difference(design, as.numeric(design$variables$is_yes), by, groups))
  parts <- c("_T", sort(unique(as.character(design$variables[[by]]))))
  for (domain in parts) {
    part <- if (domain == "_T") design else design[design$variables[[by]] == domain, ]
    add("MEAN", domain, svymean(make.formula(variable$y), part, na.rm = TRUE))
    add("TOTAL", domain, svytotal(make.formula(variable$y), part, na.rm = TRUE))
    add("RATIO", domain, svyratio(make.formula(variable$y), make.formula(variable$x), part, na.rm = TRUE))
    add("SHARE", domain, svymean(~I(as.numeric(is_yes)), part))
    add("COUNT", domain, svytotal(~I(as.numeric(is_yes)), part))
  }
}

# The mean of a group less that of another, linearised as one function of four calibrated totals.
difference <- function(design, y, by, groups) {
  for (i in 1:2) {
    there <- !is.na(y) & design$variables[[by]] == groups[i]
    design$variables[[paste0("y", i)]] <- ifelse(there, y, 0)
    design$variables[[paste0("x", i)]] <- as.numeric(there)
  }
  svycontrast(svytotal(~y1 + x1 + y2 + x2, design), quote(y1 / x1 - y2 / x2))
}

calibrations <- function(sample, design, one, other, variable, by) {
  # one, other: formula and table of the population
  tell(sample, "poststratify", postStratify(design, one$by, one$table), variable, by)
  raked <- rake(design, list(one$by, other$by), list(one$table, other$table), control = list(maxit = 500, epsilon = 1e-14))
  tell(sample, "rake", raked, variable, by)
  to <- list(margin(one), margin(other))
  both <- list(formula = list(one$by, other$by), totals = to)
  strict <- list(design = design, formula = both$formula, population = both$totals, epsilon = 1e-12, maxit = 200)
  tell(sample, "raking", do.call(calibrate, c(strict, calfun = "raking")), variable, by)
  tell(sample, "linear", do.call(calibrate, c(strict, calfun = "linear")), variable, by)
  tell(sample, "logit", do.call(calibrate, c(strict, list(calfun = "logit", bounds = c(0.3, 4)))), variable, by)
}
margin <- function(one) one$table

# --- our own sample ---------------------------------------------------------------------------------------
own <- read.csv(given[1])
own$is_yes <- own$yes == "Yes"
groups <- list(by = ~sex + age, table = xtabs(n ~ sex + age, data.frame(
  sex = c("F", "F", "F", "M", "M", "M"), age = c("Y", "A", "O", "Y", "A", "O"), n = c(900, 1500, 1300, 1000, 1600, 1200))))
regions <- list(by = ~region, table = xtabs(n ~ region, data.frame(region = c("N", "S"), n = c(3000, 4500))))
variables <- list(y = "y", x = "x")
alone <- svydesign(id = ~1, strata = ~h, weights = ~w, data = own)
clusters <- svydesign(id = ~c, strata = ~h, weights = ~w, fpc = ~pop, data = own)
stages <- svydesign(id = ~c + s, strata = ~h, weights = ~w, fpc = ~pop + pop2, data = own)
for (sample in c("alone", "clusters", "stages"))
  calibrations(sample, get(sample), groups, regions, variables, "region")

# --- schools of California --------------------------------------------------------------------------------
data(api)
types <- list(by = ~stype, table = xtabs(~stype, apipop))
wide <- list(by = ~sch.wide, table = xtabs(~sch.wide, apipop))
apiclus2$pw <- with(apiclus2, fpc1 / 40 * fpc2 / ave(snum, dnum, FUN = length))
for (sample in c("apistrat", "apiclus1", "apiclus2")) {
  school <- get(sample)
  school$is_yes <- school$awards == "Yes"
  design <- switch(sample,
    apistrat = svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = school),
    apiclus1 = svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = school),
    apiclus2 = svydesign(id = ~dnum + snum, weights = ~pw, fpc = ~fpc1 + fpc2, data = school))
  calibrations(sample, design, types, wide, list(y = "api00", x = "api99"), "comp.imp")
  write.csv(school, file.path(out, paste0(sample, ".csv")), row.names = FALSE)
}
write.csv(rbind(data.frame(margin = "stype", category = names(types$table), count = as.numeric(types$table)),
                data.frame(margin = "sch_wide", category = names(wide$table), count = as.numeric(wide$table))),
          file.path(out, "margins.csv"), row.names = FALSE)
figures <- do.call(rbind, found)
figures$estimate <- sprintf("%.13g", figures$estimate)
figures$se <- sprintf("%.13g", figures$se)
write.csv(figures, file.path(out, "figures.csv"), row.names = FALSE, quote = FALSE)
