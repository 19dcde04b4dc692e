using Kiln.Service.Ssm.Commands;
using Kiln.Service.Ssm.Parameters;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

public abstract partial class Db
{
    /// <summary>Systems Manager's parameters, every version of them.</summary>
    public DbSet<ParameterVersion> ParameterVersions => Set<ParameterVersion>();

    /// <summary>Commands that were sent to instances.</summary>
    public DbSet<RunCommand> RunCommands => Set<RunCommand>();

    /// <summary>Commands on single instances.</summary>
    public DbSet<Invocation> Invocations => Set<Invocation>();
}
