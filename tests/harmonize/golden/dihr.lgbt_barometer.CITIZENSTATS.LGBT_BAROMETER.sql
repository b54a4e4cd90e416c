WITH current AS (
  SELECT
    *
  FROM (SELECT * FROM records)
), derived AS (
  SELECT
    *
  FROM current
), observations AS (
  SELECT
    CAST('I' AS TEXT) AS "FREQ",
    CAST('DK' AS TEXT) AS "REF_AREA",
    CAST(CASE CAST("indikator" AS TEXT)
      WHEN 'Kun grundskole eller gymnasial uddannelse'
      THEN 'EDU_BASIC_ONLY'
      WHEN 'I beskæftigelse'
      THEN 'LAB_EMPLOYED'
      WHEN 'Ikke åben over for nogen kollega'
      THEN 'LAB_NOT_OPEN_AT_WORK'
      WHEN 'Føler sig ofte ensom'
      THEN 'REL_LONELY'
      WHEN 'Har været udsat for vold'
      THEN 'VUL_VIOLENCE'
      WHEN 'Har oplevet diskrimination'
      THEN 'DIS_DISCRIMINATED'
      WHEN 'Dårligt mentalt helbred'
      THEN 'HEA_POOR_MENTAL'
    END AS TEXT) AS "INDICATOR",
    CAST(CASE CAST("gruppe" AS TEXT)
      WHEN 'Hele befolkningen'
      THEN '_T'
      WHEN 'LGBT+ personer samlet'
      THEN 'LGBT'
      WHEN 'Heteroseksuelle'
      THEN 'SO_HETERO'
      WHEN 'Homoseksuelle'
      THEN 'SO_HOMO'
      WHEN 'Biseksuelle'
      THEN 'SO_BI'
      WHEN 'Transpersoner'
      THEN 'GI_TRANS'
      WHEN 'Nonbinære'
      THEN 'GI_NONBINARY'
      WHEN 'Ikke-transpersoner'
      THEN 'GI_NOT_TRANS'
    END AS TEXT) AS "POPULATION_GROUP",
    CAST(CASE CAST("afgraensning" AS TEXT)
      WHEN 'Selvidentifikation'
      THEN 'SELF_ID'
      WHEN 'Juridisk kønsskifte (CPR)'
      THEN 'LEGAL_CHANGE'
      WHEN 'Ingen afgrænsning'
      THEN '_T'
    END AS TEXT) AS "GROUP_DEFINITION",
    CAST(CASE CAST("koen" AS TEXT)
      WHEN 'I alt'
      THEN '_T'
      WHEN 'Kvinder'
      THEN 'F'
      WHEN 'Mænd'
      THEN 'M'
    END AS TEXT) AS "SEX",
    CAST("aar" AS TEXT) AS "TIME_PERIOD",
    CAST("procent" AS DOUBLE) AS "OBS_VALUE",
    CAST((
      CASE
        WHEN procent__why = 'not_collected'
        THEN 'L'
        WHEN afgraensning = 'Juridisk kønsskifte (CPR)'
        THEN 'D'
        ELSE 'A'
      END
    ) AS TEXT) AS "OBS_STATUS",
    CAST(NULL AS TEXT) AS "CONF_STATUS",
    CAST('PT' AS TEXT) AS "UNIT_MEASURE",
    CAST('0' AS TEXT) AS "UNIT_MULT",
    CAST('1' AS TEXT) AS "DECIMALS",
    CAST("antal" AS BIGINT) AS "SAMPLE_SIZE",
    CAST(NULL AS DOUBLE) AS "STD_ERROR",
    CAST(NULL AS DOUBLE) AS "LOWER_BOUND",
    CAST(NULL AS DOUBLE) AS "UPPER_BOUND",
    CAST((
      CONCAT(undersoegelse, ', ', aar, ' (synthetic sample data)')
    ) AS TEXT) AS "SOURCE_DETAIL",
    CAST("bemaerkning" AS TEXT) AS "COMMENT_OBS",
    CAST('Danish Institute for Human Rights' AS TEXT) AS "DATA_PROVIDER",
    CAST("antal" AS BIGINT) AS "_n",
    CAST(NULL AS BIGINT) AS "_k",
    CAST(10 AS BIGINT) AS "_minimum",
    CAST('given' AS TEXT) AS "_kind",
    CAST('dihr/lgbt_barometer' AS TEXT) AS "_dataset",
    CAST([_delivery] AS TEXT[]) AS "_deliveries",
    CAST(NULL AS DOUBLE) AS "_se",
    CAST(NULL AS BIGINT) AS "_df",
    CAST(NULL AS DOUBLE) AS "_neff",
    CAST(NULL AS DOUBLE) AS "_cv",
    CAST(NULL AS DOUBLE) AS "_lower",
    CAST(NULL AS DOUBLE) AS "_upper",
    CAST(NULL AS DOUBLE) AS "_x1",
    CAST(NULL AS DOUBLE) AS "_x2",
    CAST(NULL AS BIGINT) AS "_base",
    CAST(NULL AS BIGINT) AS "_base_key",
    CAST(NULL AS BIGINT) AS "_k_key",
    CAST(NULL AS BIGINT) AS "_side"
  FROM derived
)
SELECT
  *
  REPLACE (COALESCE(OBS_STATUS, 'A') AS OBS_STATUS, COALESCE(CONF_STATUS, CASE OBS_STATUS WHEN 'Q' THEN 'C' ELSE 'F' END) AS CONF_STATUS, COALESCE(SAMPLE_SIZE, CASE WHEN _kind <> 'count' THEN _n END) AS SAMPLE_SIZE)
FROM observations
ORDER BY
  "FREQ",
  "REF_AREA",
  "INDICATOR",
  "POPULATION_GROUP",
  "GROUP_DEFINITION",
  "SEX",
  "TIME_PERIOD"
