# Figures by R's package survey of every table in a folder, as figures.csv beside them.
#
# Rscript agreement.R FOLDER        a folder with NAME.csv of the tables in DESIGNS; those of the data set `api` are written there
#                                   first. Called by agreement.py.
suppressMessages(library(survey))
options(digits = 17, survey.lonely.psu = "fail")
folder <- commandArgs(TRUE)[1]
data(api)
for (sample in c("apistrat", "apiclus1", "apiclus2")) {
  table <- get(sample)
  names(table) <- gsub(".", "_", tolower(names(table)), fixed = TRUE)
  if (sample == "apiclus2") table$pw <- table$fpc1 / 40 * table$fpc2 / ave(table$snum, table$dnum, FUN = length)
  write.csv(table, file.path(folder, paste0(sample, ".csv")), row.names = FALSE)
}

DESIGNS <- list(
  apistrat = function(d) svydesign(id = ~1, strata = ~stype, weights = ~pw, fpc = ~fpc, data = d),
  apiclus1 = function(d) svydesign(id = ~dnum, weights = ~pw, fpc = ~fpc, data = d),
  apiclus2 = function(d) svydesign(id = ~dnum + snum, weights = ~pw, fpc = ~fpc1 + fpc2, data = d),
  madestrat = function(d) svydesign(id = ~1, strata = ~region, weights = ~pw, fpc = ~fpc, data = d),
  madeclus1 = function(d) svydesign(id = ~dnum, strata = ~region, weights = ~pw, data = d, nest = TRUE),
  madeclus2 = function(d) svydesign(id = ~dnum + snum, strata = ~region, weights = ~pw, fpc = ~fpc1 + fpc2, data = d, nest = TRUE)
)

# Indicator -> function of a domain's design: value, se, low, high, deff.
bounded <- function(stat, df, deff = NA) {
  c(coef(stat)[1], SE(stat)[1], as.numeric(confint(stat, df = df))[1:2], deff)
}
INDICATORS <- list(
  API00 = function(d, df) { m <- svymean(~api00, d, deff = "replace"); bounded(m, df, deff(m)) },
  ENROLL = function(d, df) { t <- svytotal(~enroll, d, deff = "replace"); bounded(t, df, deff(t)) },
  RATIO = function(d, df) { r <- svyratio(~api_stu, ~enroll, d); c(r$ratio, SE(r), as.numeric(confint(r, df = df)), NA) },
  WIDE = function(d, df) {
    m <- svymean(~I(as.numeric(sch_wide == "Yes")), d, deff = "replace")
    c(coef(m), SE(m), as.numeric(confint(svyciprop(~I(sch_wide == "Yes"), d, method = "xlogit", df = df))), deff(m))
  },
  NUMBER = function(d, df) { t <- svytotal(~I(as.numeric(awards == "Yes")), d, deff = "replace"); bounded(t, df, deff(t)) },
  MEDIAN = function(d, df) quantile_of(~api00, d, 0.5, df),
  LOWER = function(d, df) quantile_of(~api00, d, 0.245, df),
  UPPER = function(d, df) quantile_of(~enroll, d, 0.905, df)
)
# Shares that no whole number of schools is: at a tie rounding decides in R. Of a bound that would be the least value R takes the
# second (`last` in qs), so these are left out.
quantile_of <- function(formula, d, p, df) {
  q <- svyquantile(formula, d, p, interval.type = "mean", qrule = "math", df = df)[[1]]
  second <- sort(d$variables[[all.vars(formula)]])[2]
  if (is.finite(q[1, 2]) && q[1, 2] <= second) return(rep(NA, 5))
  c(q[1, "quantile"], q[1, "se"], q[1, 2], q[1, 3], NA)
}
ASKS <- list(ENROLL = "enroll", RATIO = "enroll", UPPER = "enroll")

# Difference -> numerator and denominator, whose totals in the groups stype E and H it is made of.
DIFFERENCES <- list(
  API00_E_H = list(function(v) v$api00, function(v) rep(1, nrow(v))),
  WIDE_E_H = list(function(v) as.numeric(v$sch_wide == "Yes"), function(v) rep(1, nrow(v))),
  RATIO_E_H = list(function(v) v$api_stu, function(v) v$enroll)
)
difference_of <- function(d, inside, parts) {
  v <- d$variables
  y <- parts[[1]](v); x <- parts[[2]](v)
  known <- inside & !is.na(y) & !is.na(x)
  for (group in c("E", "H")) {
    there <- known & v$stype == group
    # A group without an error of its own leaves the difference without one.
    if (length(unique(y[there] / x[there])) < 2 || degf(subset(d, there)) < 1) return(rep(NA, 6))
    v[[paste0("y", group)]] <- ifelse(there, y, 0)
    v[[paste0("x", group)]] <- ifelse(there, x, 0)
  }
  d$variables <- v
  stat <- svycontrast(svytotal(~yE + xE + yH + xH, d), quote(yE / xE - yH / xH))
  df <- degf(subset(d, known & stype %in% c("E", "H")))
  c(bounded(stat, df), df)
}

rows <- list()
add <- function(...) rows[[length(rows) + 1]] <<- data.frame(..., stringsAsFactors = FALSE)
for (name in names(DESIGNS)) {
  whole <- DESIGNS[[name]](read.csv(file.path(folder, paste0(name, ".csv")), stringsAsFactors = FALSE))
  for (stype in c("_T", "E", "H", "M")) for (awards in c("_T", "Yes")) {
    v <- whole$variables
    inside <- (stype == "_T" | v$stype == stype) & (awards == "_T" | v$awards == awards)
    for (indicator in names(INDICATORS)) {
      asked <- if (is.null(ASKS[[indicator]])) rep(TRUE, nrow(v)) else !is.na(v[[ASKS[[indicator]]]])
      part <- subset(whole, inside & asked)
      df <- degf(part)
      got <- tryCatch(suppressWarnings(INDICATORS[[indicator]](part, df)), error = function(e) NULL)
      if (is.null(got) || any(!is.finite(got[1:4])) || got[2] <= 1e-9 * abs(got[1])) next
      # Where all units are alike, the variance between them is what rounding left.
      if (is.finite(got[5]) && got[5] > 1e6) got[5] <- NA
      add(data = name, indicator = indicator, stype = stype, awards = awards, value = got[1], se = got[2],
          low = got[3], high = got[4], df = df, deff = got[5])
    }
    if (stype == "_T") for (indicator in names(DIFFERENCES)) {
      got <- difference_of(whole, inside, DIFFERENCES[[indicator]])
      if (any(!is.finite(got[c(1:4, 6)]))) next
      add(data = name, indicator = indicator, stype = "_T", awards = awards, value = got[1], se = got[2],
          low = got[3], high = got[4], df = got[6], deff = NA)
    }
  }
}
all <- do.call(rbind, rows)
for (column in c("value", "se", "low", "high", "deff")) all[[column]] <- trimws(formatC(all[[column]], digits = 15, format = "g"))
write.csv(all, file.path(folder, "figures.csv"), row.names = FALSE, quote = FALSE)
cat(R.version$major, R.version$minor, as.character(packageVersion("survey")), "\n")
