/* SPDX-License-Identifier: MIT */
/* Root's file, for one request: see project.h. */
#include "deployerd/deploy/project.h"

int project_load(Engine *engine, const DeployerConfig *config, const DeployRequest *request,
                 ProjectConfig *ret) {
        ProjectSubject subject;
        char problem[PROJECT_PROBLEM_SIZE];
        int r;

        assert(engine);
        assert(config);
        assert(request);
        assert(ret);

        subject = (ProjectSubject){
                .project = request->project,
                .stage = request->stage,
                .repository = request->repository,
                .api_minor = engine_api_minor(engine),
        };
        r = project_config_load(config->projects_dir, &subject, ret, problem, sizeof(problem));
        return r < 0 && r != -ENOMEM ? worker_fail(engine_worker(engine), r, "%s", problem) : r;
}
