using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>The volumes that an instance has, as far as they are not on their way out.</summary>
internal static class InstanceVolumes
{
    /// <summary>With their attachments, by id.</summary>
    public static Task<List<Volume>> Of(Db db, Instance instance, CancellationToken cancel) => db.Volumes
        .Include(v => v.Attachments)
        .Where(v => v.Attachments.Any(a => a.InstanceId == instance.Id && a.State != AttachmentState.Detaching))
        .OrderBy(v => v.Id).ToListAsync(cancel);
}
