{{/*
Other releases that look after a namespace which this one looks after too, as namespace/name, one a line. They are known by their roles, which are where they work: a
cluster that cannot be asked (helm template) has none. Roles of all namespaces are asked for only by a release that has a ClusterRole itself.
*/}}
{{- define "cachedapi.rivals" -}}
{{- $version := "rbac.authorization.k8s.io/v1" }}
{{- $roles := list }}
{{- range .Values.watchNamespaces }}
{{- $roles = concat $roles (get (lookup $version "Role" . "") "items" | default list) }}
{{- end }}
{{- if not (and .Values.watchNamespaces .Values.clusterId) }}
{{- $roles = concat $roles (get (lookup $version "ClusterRole" "" "") "items" | default list) }}
{{- end }}
{{- if not .Values.watchNamespaces }}
{{- $roles = concat $roles (get (lookup $version "Role" "" "") "items" | default list) }}
{{- end }}
{{- $rivals := list }}
{{- range $role := $roles }}
{{- $annotations := $role.metadata.annotations | default dict }}
{{- $release := printf "%s/%s" (get $annotations "meta.helm.sh/release-namespace") (get $annotations "meta.helm.sh/release-name") }}
{{- $ours := eq $release (printf "%s/%s" $.Release.Namespace $.Release.Name) }}
{{- $labels := $role.metadata.labels | default dict }}
{{- if and (eq (get $labels "app.kubernetes.io/name") "cachedapi") (not $ours) }}
{{- range $role.rules }}
{{- if has "cachedapis/status" (.resources | default list) }}
{{- $rivals = append $rivals $release }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- $rivals | uniq | sortAlpha | join "\n" }}
{{- end }}
