using Kiln.Service.Iam;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

public abstract partial class Db
{
    /// <summary>Roles.</summary>
    public DbSet<Role> Roles => Set<Role>();

    /// <summary>IAM users.</summary>
    public DbSet<User> Users => Set<User>();

    /// <summary>Policies inside users and roles.</summary>
    public DbSet<InlinePolicy> InlinePolicies => Set<InlinePolicy>();

    /// <summary>Policies of their own.</summary>
    public DbSet<ManagedPolicy> ManagedPolicies => Set<ManagedPolicy>();

    /// <summary>Which policy is attached where.</summary>
    public DbSet<AttachedPolicy> AttachedPolicies => Set<AttachedPolicy>();

    /// <summary>Instance profiles.</summary>
    public DbSet<InstanceProfile> InstanceProfiles => Set<InstanceProfile>();
}
