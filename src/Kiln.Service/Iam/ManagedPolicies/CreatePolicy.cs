using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.ManagedPolicies;

/// <summary>Makes a managed policy. It has one version, which does not change. IAM API Reference
/// "CreatePolicy".</summary>
[Operation("iam:CreatePolicy")]
public sealed class CreatePolicy(Db db, TimeProvider clock) : IOperation<CreatePolicy.Request, CreatePolicy.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no tags on managed policies", "Tags")]
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string PolicyName { get; init; }

        [Length(1, 512), RegularExpression(@"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")]
        public string? Path { get; init; }

        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public required string PolicyDocument { get; init; }

        [MaxLength(1000)] public string? Description { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public PolicyRecord? Policy { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var path = request.Path ?? "/";
        var policy = new ManagedPolicy
        {
            Arn = $"arn:aws:iam::{call.AccountId}:policy{path}{request.PolicyName}",
            AccountId = call.AccountId,
            Name = request.PolicyName,
            LowerName = request.PolicyName.ToLowerInvariant(),
            Id = Ids.Principal("ANPA"),
            Path = path,
            Description = request.Description ?? "",
            Document = request.PolicyDocument,
            CreateDate = clock.GetUtcNow(),
        };
        await call.Authorize(policy.Arn);
        Entities.CheckManaged(policy.Document);
        if (await db.ManagedPolicies.AnyAsync(
            p => p.AccountId == call.AccountId && p.LowerName == policy.LowerName, cancel))
        {
            throw IamError.AlreadyExists(
                $"A policy called {policy.Name} already exists. Duplicate names are not allowed.");
        }
        db.Add(policy);
        await db.SaveChangesAsync(cancel);
        return new Response { Policy = PolicyRecord.Of(policy, 0) };
    }
}
