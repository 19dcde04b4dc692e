using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Makes an instance profile. IAM API Reference "CreateInstanceProfile".</summary>
[Operation("iam:CreateInstanceProfile")]
public sealed class CreateInstanceProfile(Db db, TimeProvider clock)
    : IOperation<CreateInstanceProfile.Request, CreateInstanceProfile.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string InstanceProfileName { get; init; }

        [Length(1, 512), RegularExpression(@"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")]
        public string? Path { get; init; }

        [MaxLength(50)] public IReadOnlyList<Tag> Tags { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required InstanceProfileRecord InstanceProfile { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var profile = new InstanceProfile
        {
            AccountId = call.AccountId,
            Name = request.InstanceProfileName,
            LowerName = request.InstanceProfileName.ToLowerInvariant(),
            Id = Ids.Principal("AIPA"),
            Path = request.Path ?? "/",
            CreateDate = clock.GetUtcNow(),
            Tags = Tag.Read(request.Tags),
        };
        await call.Authorize(profile.Arn);
        if (await db.InstanceProfiles.AnyAsync(
            p => p.AccountId == call.AccountId && p.LowerName == profile.LowerName, cancel))
            throw IamError.AlreadyExists($"Instance Profile {profile.Name} already exists.");
        db.Add(profile);
        await db.SaveChangesAsync(cancel);
        return new Response { InstanceProfile = InstanceProfileRecord.Of(profile, null) };
    }
}
