{{/* What the operator does in a namespace with CachedApi objects. Each verb is used; tests/chart/rights.rs compares them with what the operator does. */}}
{{- define "cachedapi.rules" -}}
- apiGroups: [cachedapi.dev]
  resources: [cachedapis]
  verbs: [get, list, watch, patch]
- apiGroups: [cachedapi.dev]
  resources: [cachedapis/status]
  verbs: [patch]
# The Secrets of spec.bindings and of API keys, by name. It cannot list or watch Secrets.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch, delete]
# The workloads of spec.bindings, by name: one annotation on their pod templates.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}

{{/* The accounts that objects name, which are in no namespace, and all of them for sweeps. With watchNamespaces the operator has no right outside them, and objects name none. */}}
{{- define "cachedapi.accountRules" -}}
- apiGroups: [cachedapi.dev]
  resources: [awsaccounts]
  verbs: [get, list]
{{- end }}

{{/* What it does once in the cluster: learn the cluster's id, unless that is given. */}}
{{- define "cachedapi.clusterRules" -}}
- apiGroups: [""]
  resources: [namespaces]
  resourceNames: [kube-system]
  verbs: [get]
{{- end }}

{{/* Dict of root, kind (Role or ClusterRole), name and namespace (none for a ClusterRole), rules: the role, bound to the operator. */}}
{{- define "cachedapi.boundRole" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "cachedapi.labels" .root | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "cachedapi.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "cachedapi.serviceAccount" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{/* What it does with the Lease that decides which pod works. RBAC cannot tell names at creation. */}}
{{- define "cachedapi.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "cachedapi.name" . }}]
  verbs: [get, update]
{{- if .Values.watchNamespaces }}
# Events about the Lease, which tell of sweeps for orphans that could not judge. Elsewhere the rules of the objects have it.
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}
{{- end }}
