{{/*
The alerts. Each has its part of docs/runbooks.md, and each is fired and kept quiet by tests/chart. In expressions {{ .of }} selects what this release exports.
*/}}
{{- define "cachedapi.alerts" -}}
- alert: CachedApiNoLeader
  expr: absent(cachedapi_leader{ {{- .of -}} } == 1)
  for: 5m
  labels: {severity: critical}
  annotations:
    summary: No CachedApi operator works.
    description: No pod of the operator holds the Lease, or none is scraped. APIs and caches run on; nothing is changed, put right or rotated.
- alert: CachedApiNotReady
  expr: sum by (status) (cachedapi_objects{ {{- .of -}} ,condition="Ready",status!="True"}) > 0
  for: 1h
  labels: {severity: warning}
  annotations:
    summary: CachedApi objects are not ready.
    description: {{ print "{{ $value }} objects have had the condition Ready at {{ $labels.status }}, without a break, for an hour." | quote }}
- alert: CachedApiStalled
  expr: sum(cachedapi_objects{ {{- .of -}} ,condition="Stalled",status="True"}) > 0
  for: 10m
  labels: {severity: warning}
  annotations:
    summary: CachedApi objects wait for a change of their spec.
    description: {{ print "Nothing will move for {{ $value }} objects until somebody changes their spec." | quote }}
- alert: CachedApiPasswordTooOld
  expr: (time() - min(cachedapi_rotation_oldest_password_timestamp_seconds{ {{- .of -}} } > 0)) / 86400 > {{ .days }}
  for: 1h
  labels: {severity: warning}
  annotations:
    summary: The password of a cache has not been rotated for too long.
    description: {{ print "The oldest current password is {{ $value | printf \"%.0f\" }} days old." | quote }}
- alert: CachedApiRotationFailing
  expr: sum by (reason) (increase(cachedapi_rotation_failures_total{ {{- .of -}} }[30m])) > 0
  for: 30m
  labels: {severity: warning}
  annotations:
    summary: Passwords cannot be made, proven or rotated.
    description: {{ print "Reconciles have failed to do what a password needs for half an hour, with the reason {{ $labels.reason }}. Current passwords work." | quote }}
- alert: CachedApiOrphans
  expr: sum by (kind) (cachedapi_orphans{ {{- .of -}} }) > 0
  for: 2h
  labels: {severity: warning}
  annotations:
    summary: Things in AWS have lost their CachedApi object.
    description: {{ print "{{ $value }} things of the kind {{ $labels.kind }} carry this cluster's id and belong to no object. They cost money." | quote }}
- alert: CachedApiOrphanSweepsFailing
  expr: >-
    sum by (result) (increase(cachedapi_orphan_sweeps_total{ {{- .of -}} ,result=~"refused|failed"}[6h])) > 0
    unless on () sum(increase(cachedapi_orphan_sweeps_total{ {{- .of -}} ,result=~"complete|partial"}[6h])) > 0
  labels: {severity: warning}
  annotations:
    summary: Orphans cannot be looked for.
    description: {{ print "Sweeps of the last six hours ended as {{ $labels.result }}, and none could judge." | quote }}
- alert: CachedApiAccessDenied
  expr: sum by (service, operation, result) (increase(cachedapi_aws_calls_total{ {{- .of -}} ,result=~"access_denied|credentials"}[30m])) > 0
  for: 15m
  labels: {severity: critical}
  annotations:
    summary: AWS refuses the operator.
    description: {{ print "AWS answers {{ $labels.service }}:{{ $labels.operation }} with {{ $labels.result }}." | quote }}
- alert: CachedApiThrottled
  expr: >-
    sum by (service) (rate(cachedapi_aws_calls_total{ {{- .of -}} ,result="throttled"}[15m]))
    / sum by (service) (rate(cachedapi_aws_calls_total{ {{- .of -}} }[15m])) > 0.05
  for: 30m
  labels: {severity: warning}
  annotations:
    summary: AWS throttles the operator.
    description: {{ print "{{ $value | humanizePercentage }} of the calls to {{ $labels.service }} are throttled." | quote }}
- alert: CachedApiAwsUnavailable
  expr: >-
    sum by (service) (rate(cachedapi_aws_calls_total{ {{- .of -}} ,result=~"unavailable|unreachable"}[15m]))
    / sum by (service) (rate(cachedapi_aws_calls_total{ {{- .of -}} }[15m])) > 0.5
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: AWS does not answer the operator, or fails.
    description: {{ print "{{ $value | humanizePercentage }} of the calls to {{ $labels.service }} get no answer or a failure." | quote }}
- alert: CachedApiUnknownAnswer
  expr: sum by (service, operation) (increase(cachedapi_aws_calls_total{ {{- .of -}} ,result="unknown_code"}[1h])) > 0
  for: 15m
  labels: {severity: warning}
  annotations:
    summary: AWS answers with an error that the operator does not know.
    description: {{ print "{{ $labels.service }}:{{ $labels.operation }} fails with a code that the operator does not know. It is taken for a passing failure." | quote }}
{{- end }}
