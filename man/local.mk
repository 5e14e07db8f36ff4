# SPDX-License-Identifier: BSD-2-Clause
# The pages, in mdoc.  Add a page with: dist_man_MANS += %D%/ra.1
dist_man_MANS += %D%/pavo.5
dist_man_MANS += %D%/pavo-filter.7
